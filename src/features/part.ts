// What a feature is to the service, in one value: the kinds of records that it owns, what it keeps of them in memory, what it
// serves and does by itself, and what it has committed with acts of others. The list of all is `src/service/parts.ts`.
import type { Sample } from '../formats/metric-table.ts';
import type { Detail } from '../http/entry-detail.ts';
import type { AnyRow } from '../http/route.ts';
import type { RecordKind } from '../store/sealed/record-kind.ts';
import type { Change, GoesWith, Head } from '../store/sealed/records.ts';
import type { DueJob } from './clock/due-work.ts';

/** Each names what it needs: of the service itself, or of what other features offer. */
export interface Part<Needs, Offers extends object, Service> {
  /** Each belongs to one feature; others may follow it. */
  readonly kinds?: readonly RecordKind[];
  /**
   * Called once, before any record is read. What it answers is there for all that come later in the list and, once records
   * are read, for whatever serves. States with `follows` are fed, in the order of the list: who reads what another keeps
   * comes after it.
   */
  readonly keep?: (needs: Needs) => Offers;
  readonly relatedWrites?: (has: Needs & Offers) => RelatedWritesOf;
  readonly serve?: (service: Service) => Served;
}

/** Once all records are read, and what the service does first was done. */
export interface Served {
  readonly rows?: readonly AnyRow[];
  /** What it does when its time has come, in every worker. */
  readonly jobs?: readonly DueJob[];
  /** The same in one worker alone, at every commit: what comes into the log before it is committed would be there once for each. */
  readonly tells?: readonly DueJob[];
  /** What its metrics are now; never so long that requests would wait for it. */
  readonly gauges?: () => readonly Sample[] | Promise<readonly Sample[]>;
  /** Before anything is served. What has to end before the records do is the stack's. */
  readonly start?: (stack: AsyncDisposableStack) => Promise<void>;
}

/** What a feature has committed together with what others do, planned on the same state. */
export interface RelatedWritesOf {
  /** A key is purged. To delete a record that is not there is no change. @param name as it is spelled */
  readonly purge?: (name: string) => readonly Change[];
  /** The security domain is split over people. */
  readonly split?: (split: DomainSplit) => readonly Change[];
  /** A setting is changed. @throws ServiceError for a value that it does not take */
  readonly setting?: (name: string, value: string) => readonly Change[];
  /** Any commit. */
  readonly commit?: GoesWith;
}

export type AllRelatedWrites = Required<RelatedWritesOf>;

/** A security domain that was split over people, as far as the service knows. */
export interface DomainSplit {
  readonly by: 'download' | 'recovery' | 'resharing';
  readonly required: number;
  /** x5t#S256, in order of the shares. */
  readonly thumbprints: readonly string[];
  /** Standard base64 DER, in the same order, where they are at hand. */
  readonly certificates?: readonly string[];
  /** Standard base64 DER by x5t#S256, of those who have come with theirs, where there is none of all. */
  readonly shown?: ReadonlyMap<string, string>;
  /** The file's text as custodians keep it, where it is at hand. */
  readonly document?: string;
  /** x5t#S256 of those who have just shown that their share opens: the module joined the shares. */
  readonly opened?: readonly string[];
}

/** For the record: what an instance did by itself, because its time had come. */
export interface OwnAct {
  readonly operationName: string;
  readonly description: string;
  readonly detail?: Detail;
  readonly key?: string;
  /** Of what was committed for it. */
  readonly head?: Head;
  /** Why it could not be done. */
  readonly failure?: string;
}

/** Writes a part; what it needs and offers follows from its functions. */
export function part<Needs, Offers extends object, Service>(
  definition: Part<Needs, Offers, Service>,
): Part<Needs, Offers, Service> {
  return definition;
}

export interface PartList<Outside, Has, Service> {
  readonly kinds: readonly RecordKind[];
  readonly keep: (outside: Outside) => { readonly has: Has; readonly relatedWrites: readonly RelatedWritesOf[] };
  readonly serve: (service: Service) => readonly Served[];
  /** Adds a part that comes after all others: of these it may need what they offer. */
  with<Offers extends object, Needed>(
    added: Part<Has, Offers, Needed>,
  ): PartList<Outside, Has & Offers, Service & Needed>;
}

/** The empty list. */
export function partsOf<Outside extends object>(): PartList<Outside, Outside, unknown> {
  return listOf<Outside, Outside, unknown>([]);
}

/** That each part is given what it needs, `with` has seen to. */
function listOf<Outside, Has, Service>(parts: readonly Part<never, object, never>[]): PartList<Outside, Has, Service> {
  return {
    kinds: parts.flatMap(({ kinds = [] }) => kinds),
    keep(outside) {
      let has = { ...outside };
      const relatedWrites = parts.map((each) => {
        has = { ...has, ...each.keep?.(has as never) };
        return each.relatedWrites?.(has as never) ?? {};
      });
      return { has: has as unknown as Has, relatedWrites };
    },
    serve: (service) => parts.map((each) => each.serve?.(service as never) ?? {}),
    with: (added) => listOf([...parts, added as unknown as Part<never, object, never>]),
  };
}
