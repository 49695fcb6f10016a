// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// The token of the `erc20` load: OpenZeppelin's ERC-20 and nothing else, minted once to many.
contract LoadToken is ERC20 {
    constructor(address[] memory holders, uint256 each) ERC20("Deltacast Load", "LOAD") {
        for (uint256 index = 0; index < holders.length; index++) {
            _mint(holders[index], each);
        }
    }
}
