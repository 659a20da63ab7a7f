// Refusals of a server in the words of Kubernetes' own client, which people and tests look for.
import { goQuote } from '#format/goquote.ts';

const refusals: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  409: 'the server reported a conflict',
  415: 'the server was unable to process the request media type',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};

const longestText = 2048;

/** What an answer other than 2xx means; `text` is its body. */
export function refusalWords(status: number, text: string): string {
  const said = text.trim().slice(0, longestText) || 'unknown';
  if (status === 403) return said === 'unknown' ? 'the server does not allow access to the requested resource' : said;
  const known = refusals[status];
  if (known !== undefined) return known;
  if (status >= 500) return `an error on the server (${goQuote(said)}) has prevented the request from succeeding`;
  return `the server responded with the status code ${status} but did not return more information`;
}
