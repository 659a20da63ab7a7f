// Where the rest of the code finds Go's quoting; the codecs need it too, so it lives with them.
export { goJson, goQuote } from '#format/goquote.ts';
