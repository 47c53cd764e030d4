// Witnesses of the logs: `witnesses` of a configuration, and what happens when none of them has signed for long (`withoutWitness`).
// What a worker of an instance goes by is told to it in `instance.json`: it believes signatures, and nobody who tells it of them.
import { parseWitnessKey } from '../formats/cosignature.ts';
import { integer, list, matching, oneOf, type Reader, record, ShapeError, text } from '../formats/shape.ts';
import { NoteError } from '../formats/signed-note.ts';
import { readFilePath } from './tls-settings.ts';

/** Over plain HTTP only to this machine: to a proxy that leads on. Nobody on the way can forge a cosignature, but withhold it. */
const address: Reader<string> = (value, path) => {
  const given = text(value, path);
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const { protocol = '', hostname = '', username, password, search, hash } = url ?? {};
  const isPlain = protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);
  if ((protocol === 'https:' || isPlain) && `${username}${password}${search}${hash}` === '')
    return given.replace(/\/+$/, '');
  throw new ShapeError(
    `${path} must be https://host[:port][/path], or http on loopback, without user, query and fragment`,
  );
};

const witnessKey: Reader<string> = (value, path) => {
  try {
    parseWitnessKey(text(value, path));
  } catch (cause) {
    if (!(cause instanceof NoteError)) throw cause;
    throw new ShapeError(`${path} is not the key of a witness, as 'witness key' prints it: ${cause.message}`, {
      cause,
    });
  }
  return value as string;
};

const witness = record(
  {
    name: matching(
      /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
      'a name of up to 63 lower-case letters, digits and hyphens',
    ),
    /** `add-checkpoint` is below it. */
    url: address,
    /** `name+hash+key`: what its cosignatures are verified with. */
    key: witnessKey,
  },
  {
    /** PEM file of the authority of its certificate; absent: the system's. */
    caFile: readFilePath,
    /** It is asked at most so often; absent: every minute. */
    everySeconds: integer(1, 3600),
  },
);
export type WitnessConfig = ReturnType<typeof witness>;

const rows = list(witness, 16);
export const readWitnesses: Reader<readonly WitnessConfig[]> = (value, path) => {
  const all = rows(value, path);
  for (const [at, { name, key }] of all.entries()) {
    if (all.slice(0, at).some((each) => each.name === name || each.key === key)) {
      throw new ShapeError(`${path}[${at}]: another witness has this name or key`);
    }
  }
  return all;
};

/** A timer of this length does not overflow, and nobody who wants this waits for weeks. */
const MOST_HOURS = 500;

export const readWithoutWitness = record({
  /** Since the newest cosignature of any of them. */
  hours: integer(1, MOST_HOURS),
  /** `red`: the health listener says so; `stop`: instances refuse operations, besides. */
  then: oneOf('red', 'stop'),
});
export type WithoutWitness = ReturnType<typeof readWithoutWitness>;

/** As a worker goes by it. */
export const readStopWithoutWitness = record({ hours: integer(1, MOST_HOURS), keys: list(witnessKey, 16) });
export type StopWithoutWitness = ReturnType<typeof readStopWithoutWitness>;

interface Witnessed {
  readonly witnesses?: readonly WitnessConfig[] | undefined;
  readonly withoutWitness?: WithoutWitness | undefined;
}

/** Undefined: it is not to stop. */
export function stopWithoutWitness({ witnesses = [], withoutWitness }: Witnessed): StopWithoutWitness | undefined {
  if (withoutWitness?.then !== 'stop') return undefined;
  return { hours: withoutWitness.hours, keys: witnesses.map(({ key }) => key) };
}

/** Why they cannot be meant so; undefined: they can. */
export function witnessConflict({ witnesses = [], withoutWitness }: Witnessed): string | undefined {
  if (withoutWitness === undefined || witnesses.length > 0) return undefined;
  return 'withoutWitness: there are no "witnesses" that could sign; name one, or remove the member';
}
