/** What the precompiles outside of the kernel cost, London to Osaka; gas is a number. */

const ECRECOVER = 3_000;
const SHA256 = { base: 60, word: 12 } as const;
const RIPEMD160 = { base: 600, word: 120 } as const;
const BN254 = { add: 150, multiply: 6_000, pairing: 45_000, pair: 34_000 } as const;
const POINT_EVALUATION = 50_000;
const BLS = {
  addG1: 375,
  multiplyG1: 12_000,
  addG2: 600,
  multiplyG2: 22_500,
  pairing: 37_700,
  pair: 32_600,
  mapToG1: 5_500,
  mapToG2: 23_800,
} as const;
const P256 = 6_900;

/** Lengths of a pair: a point and a scalar, or two points. */
export const BN254_PAIR_BYTES = 192;
export const BLS_G1_MSM_BYTES = 160;
export const BLS_G2_MSM_BYTES = 288;
export const BLS_PAIR_BYTES = 384;

/** Thousandths of a product's price for one pair, two and so on; more cost as 128 (EIP-2537). */
const DISCOUNTS_G1 = parse(`
1000 949 848 797 764 750 738 728 719 712 705 698 692 687 682 677 673 669 665 661 658 654
651 648 645 642 640 637 635 632 630 627 625 623 621 619 617 615 613 611 609 608 606 604
603 601 599 598 596 595 593 592 591 589 588 586 585 584 582 581 580 579 577 576 575 574
573 572 570 569 568 567 566 565 564 563 562 561 560 559 558 557 556 555 554 553 552 551
550 549 548 547 547 546 545 544 543 542 541 540 540 539 538 537 536 536 535 534 533 532
532 531 530 529 528 528 527 526 525 525 524 523 522 522 521 520 520 519`);
const DISCOUNTS_G2 = parse(`
1000 1000 923 884 855 832 812 796 782 770 759 749 740 732 724 717 711 704 699 693 688 683
679 674 670 666 663 659 655 652 649 646 643 640 637 634 632 629 627 624 622 620 618 615
613 611 609 607 606 604 602 600 598 597 595 593 592 590 589 587 586 584 583 582 580 579
578 576 575 574 573 571 570 569 568 567 566 565 563 562 561 560 559 558 557 556 555 554
553 552 552 551 550 549 548 547 546 545 545 544 543 542 541 541 540 539 538 537 537 536
535 535 534 533 532 532 531 530 530 529 528 528 527 526 526 525 524 524`);

/** @param bytes  length of the input */
export function gasOfPrecompile(number: number, bytes: number): number {
  switch (number) {
    case 0x01:
      return ECRECOVER;
    case 0x02:
      return SHA256.base + SHA256.word * Math.ceil(bytes / 32);
    case 0x03:
      return RIPEMD160.base + RIPEMD160.word * Math.ceil(bytes / 32);
    case 0x06:
      return BN254.add;
    case 0x07:
      return BN254.multiply;
    case 0x08:
      return BN254.pairing + BN254.pair * Math.floor(bytes / BN254_PAIR_BYTES);
    case 0x0a:
      return POINT_EVALUATION;
    case 0x100:
      return P256;
    default:
      return gasOfBls(number, bytes);
  }
}

function gasOfBls(number: number, bytes: number): number {
  switch (number) {
    case 0x0b:
      return BLS.addG1;
    case 0x0c:
      return productsGas(bytes / BLS_G1_MSM_BYTES, BLS.multiplyG1, DISCOUNTS_G1);
    case 0x0d:
      return BLS.addG2;
    case 0x0e:
      return productsGas(bytes / BLS_G2_MSM_BYTES, BLS.multiplyG2, DISCOUNTS_G2);
    case 0x0f:
      return BLS.pairing + BLS.pair * Math.floor(bytes / BLS_PAIR_BYTES);
    case 0x10:
      return BLS.mapToG1;
    default:
      return BLS.mapToG2;
  }
}

function productsGas(pairs: number, each: number, discounts: readonly number[]): number {
  const count = Math.floor(pairs);
  if (count === 0) return 0;
  const discount = discounts[Math.min(count, discounts.length) - 1]!;
  return Math.floor((count * each * discount) / 1_000);
}

function parse(table: string): readonly number[] {
  return table.trim().split(/\s+/).map(Number);
}
