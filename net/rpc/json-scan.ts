/**
 * Counts the depth and the tokens of JSON text before JSON.parse sees it: a megabyte of brackets
 * or of tiny objects costs the parser a hundred times what the same megabyte of hex does.
 * Knows no grammar: text that is no JSON is left for the parser to refuse.
 */
import { RPC_JSON_DEPTH_MAX, RPC_JSON_TOKENS_MAX } from '../../state/base/limits.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The bound that the text breaks, in words for the client, or null when it is fit to parse. */
export function jsonExcess(text: Uint8Array): string | null {
  const length = text.length;
  let depth = 0;
  let tokens = 0;
  for (let at = 0; at < length; at += 1) {
    switch (text[at]) {
      case QUOTE:
        at = stringEnd(text, at + 1);
        break;
      case COMMA:
      case COLON:
        // Each separates two values, so values and separators are counted alike.
        tokens += 2;
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        tokens += 1;
        depth += 1;
        if (depth > RPC_JSON_DEPTH_MAX) return `JSON is nested over ${RPC_JSON_DEPTH_MAX} levels`;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth -= 1;
        break;
    }
    if (tokens > RPC_JSON_TOKENS_MAX) return `JSON has over ${RPC_JSON_TOKENS_MAX} tokens`;
  }
  return null;
}

/** Index of the quote that ends the string, or the length of the text. */
function stringEnd(text: Uint8Array, start: number): number {
  const length = text.length;
  let at = start;
  while (at < length) {
    const byte = text[at];
    if (byte === QUOTE) return at;
    at += byte === BACKSLASH ? 2 : 1;
  }
  return length;
}
