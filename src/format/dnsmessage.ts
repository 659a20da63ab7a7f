// DNS messages on the wire, behind one file: the rest of Tutti sees only these types.
import packet from 'dns-packet';

export type RecordType = 'A' | 'AAAA' | 'CNAME' | 'SRV' | 'PTR' | 'TXT' | 'SOA' | 'NS';

export interface Question {
  readonly name: string;
  readonly type: string;
}

export type DnsRecord =
  | { readonly type: 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'NS'; readonly name: string; readonly ttl: number; readonly data: string }
  | { readonly type: 'TXT'; readonly name: string; readonly ttl: number; readonly data: string }
  | {
      readonly type: 'SRV';
      readonly name: string;
      readonly ttl: number;
      readonly data: { readonly port: number; readonly target: string; readonly priority: number; readonly weight: number };
    }
  | {
      readonly type: 'SOA';
      readonly name: string;
      readonly ttl: number;
      readonly data: {
        readonly mname: string;
        readonly rname: string;
        readonly serial: number;
        readonly refresh: number;
        readonly retry: number;
        readonly expire: number;
        readonly minimum: number;
      };
    };

export interface DnsQuery {
  readonly id: number;
  readonly question: Question;
  readonly recursionDesired: boolean;
  /** The largest UDP answer that the client takes: 512 without EDNS. */
  readonly udpSize: number;
  readonly edns: boolean;
}

export type Rcode = 'NOERROR' | 'FORMERR' | 'SERVFAIL' | 'NXDOMAIN' | 'NOTIMP' | 'REFUSED';
const rcodes: Readonly<Record<Rcode, number>> = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 };

export interface DnsAnswer {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authorities?: readonly DnsRecord[];
  readonly additionals?: readonly DnsRecord[];
}

export type ParsedQuery =
  | { readonly query: DnsQuery }
  | { readonly error: 'drop' }
  | { readonly error: 'FORMERR' | 'NOTIMP'; readonly id: number };

/** Reads a query. A message that cannot be answered at all (too short, or itself an answer) says `drop`. */
export function parseQuery(bytes: Uint8Array): ParsedQuery {
  if (bytes.length < 12) return { error: 'drop' };
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const id = buffer.readUInt16BE(0);
  const flags = buffer.readUInt16BE(2);
  if (flags & 0x8000) return { error: 'drop' };
  if (((flags >> 11) & 15) !== 0) return { error: 'NOTIMP', id };
  if (buffer.readUInt16BE(4) !== 1) return { error: 'FORMERR', id };
  try {
    const decoded = packet.decode(buffer);
    const question = decoded.questions?.[0];
    if (question === undefined) return { error: 'FORMERR', id };
    const opt = decoded.additionals?.find((record) => record.type === 'OPT') as { udpPayloadSize?: number } | undefined;
    const udpSize = Math.min(Math.max(opt?.udpPayloadSize ?? 512, 512), 4096);
    return {
      query: {
        id,
        question: { name: question.name, type: question.type },
        recursionDesired: (flags & 0x100) !== 0,
        udpSize,
        edns: opt !== undefined,
      },
    };
  } catch {
    return { error: 'FORMERR', id };
  }
}

function wire(record: DnsRecord): packet.Answer {
  return (record.type === 'TXT' ? { ...record, data: [record.data] } : record) as unknown as packet.Answer;
}

/** The answer's bytes; longer than `limit` (0: no limit) it is cut to the header and question with TC set. */
export function encodeAnswer(query: DnsQuery, answer: DnsAnswer, limit: number): Uint8Array {
  const flags =
    (answer.authoritative ? packet.AUTHORITATIVE_ANSWER : 0) |
    (query.recursionDesired ? packet.RECURSION_DESIRED : 0) |
    packet.RECURSION_AVAILABLE;
  const edns = query.edns
    ? [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: 1232,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        } as unknown as packet.Answer,
      ]
    : [];
  const message = (records: boolean, extra: number): Buffer =>
    packet.encode({
      type: 'response',
      id: query.id,
      flags: flags | rcodes[answer.rcode] | extra,
      questions: [query.question as packet.Question],
      answers: records ? answer.answers.map(wire) : [],
      authorities: records ? (answer.authorities ?? []).map(wire) : [],
      additionals: [...(records ? (answer.additionals ?? []).map(wire) : []), ...edns],
    });
  const whole = message(true, 0);
  return limit > 0 && whole.length > limit ? message(false, packet.TRUNCATED_RESPONSE) : whole;
}

/** A bare refusal for a query that could not be read. */
export function encodeError(id: number, rcode: Rcode): Uint8Array {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt16BE(0x8000 | rcodes[rcode], 2);
  return bytes;
}

/**
 * Seconds for which an answer may be kept: the least of its records' (RFC 1035), of the zone's own word for names that do
 * not exist (RFC 2308); 0 for what must not be kept.
 */
export function answerLife(bytes: Uint8Array): number {
  try {
    const decoded = packet.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)) as packet.DecodedPacket & { rcode: string };
    if (decoded.flag_tc || (decoded.rcode !== 'NOERROR' && decoded.rcode !== 'NXDOMAIN')) return 0;
    const ttls = (records: readonly packet.Answer[] | undefined): number[] =>
      (records ?? []).flatMap((record) => ('ttl' in record && record.ttl !== undefined ? [record.ttl] : []));
    const answers = ttls(decoded.answers);
    if (answers.length > 0) return Math.min(...answers);
    const soa = decoded.authorities?.find((record) => record.type === 'SOA') as { ttl?: number; data: { minimum?: number } } | undefined;
    return soa === undefined ? 0 : Math.min(soa.ttl ?? 0, soa.data.minimum ?? 0);
  } catch {
    return 0;
  }
}

/** Encodes a query, for tests and for health checks. */
export function encodeQuery(id: number, question: Question): Uint8Array {
  return packet.encode({ type: 'query', id, flags: packet.RECURSION_DESIRED, questions: [question as packet.Question] });
}

/** Decodes an answer into its code and records (`data` as dns-packet gives it). */
export function decodeAnswer(bytes: Uint8Array): {
  id: number;
  rcode: string;
  truncated: boolean;
  answers: { type: string; name: string; data: unknown }[];
  additionals: { type: string; name: string; data: unknown }[];
} {
  const decoded = packet.decode(Buffer.from(bytes)) as packet.DecodedPacket & { rcode: string };
  const plain = (records: readonly packet.Answer[] | undefined): { type: string; name: string; data: unknown }[] =>
    (records ?? [])
      .filter((record) => record.type !== 'OPT')
      .map((record) => ({ type: record.type, name: (record as { name: string }).name, data: (record as { data?: unknown }).data }));
  return {
    id: decoded.id ?? 0,
    rcode: decoded.rcode,
    truncated: decoded.flag_tc,
    answers: plain(decoded.answers),
    additionals: plain(decoded.additionals),
  };
}
