// What an instance keeps of a ceremony: the sealed record `ceremonies/{id}` with the hash of the report and the statement
// about it. The report itself stays with the people who held the ceremony.
import { guid, matching, type Reader, record, text } from '../../formats/shape.ts';
import { StoreError } from '../../store/port.ts';
import type { Change } from '../../store/sealed/records.ts';

export const CEREMONY_KINDS = ['activation', 'recovery', 'resharing'] as const;
export type CeremonyKind = (typeof CEREMONY_KINDS)[number];

export interface RecordedCeremony {
  readonly kind: CeremonyKind;
  readonly at: string;
  /** Object id of whoever handed it in. */
  readonly by: string;
  /** SHA-256 of the report's signed text, base64url. */
  readonly report: string;
  /** SHA-256 of the domain file that it is about, base64url. */
  readonly domain: string;
  /** Signed note of the domain key. */
  readonly note: string;
}

const PREFIX = 'ceremonies/';

export function isCeremonyKind(kind: string): kind is CeremonyKind {
  return (CEREMONY_KINDS as readonly string[]).includes(kind);
}

export class RecordedCeremonies {
  readonly #all = new Map<string, RecordedCeremony>();

  /** Records of other features are left alone. */
  apply({ name, value }: Change): void {
    if (!name.startsWith(PREFIX)) return;
    if (value === null) this.#all.delete(name.slice(PREFIX.length));
    else this.#all.set(name.slice(PREFIX.length), decode(value));
  }

  get(id: string): RecordedCeremony | undefined {
    return this.#all.get(id);
  }

  /** Newest first. */
  list(): readonly (readonly [string, RecordedCeremony])[] {
    return [...this.#all].sort(([, a], [, b]) => (a.at < b.at ? 1 : -1));
  }
}

export function ceremonyChange(id: string, ceremony: RecordedCeremony): Change {
  return { name: PREFIX + id, value: Buffer.from(JSON.stringify(ceremony), 'utf8') };
}

const hash = matching(/^[\w-]{43}$/, 'a SHA-256 in base64url');
const kind = matching(/^(activation|recovery|resharing)$/, 'a kind of ceremony') as Reader<CeremonyKind>;
const shape: Reader<RecordedCeremony> = record({ kind, at: text, by: guid, report: hash, domain: hash, note: text });

function decode(value: Uint8Array): RecordedCeremony {
  try {
    return shape(JSON.parse(Buffer.from(value).toString('utf8')), 'ceremony');
  } catch (cause) {
    throw new StoreError('Damaged', 'the record of a ceremony does not read', { cause });
  }
}
