// Names for what cannot be the same in two runs, in the order in which it was met: an answer says `<version-1>` where a version
// stood, and a request that says `<version-1>` sends that version again. So a file shows which values are the same ones.

/** Ids that are the same everywhere: of roles, of Microsoft's applications. What requests bring begins with eight equal digits. */
const FIXED_IDS = new Set([
  '00000003-0000-0000-c000-000000000000',
  '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
  '18500a29-7fe2-46b2-a342-b16a415e101d',
  '21dbd100-6940-42c2-9190-5d6cb909625b',
  '21dbd100-6940-42c2-9190-5d6cb909625c',
  '2c18b078-7c48-4d3a-af88-5a3a1b3f82b3',
  '33413926-3206-4cdd-b39a-83574fe37a17',
  '4bd23610-cdcf-4971-bdee-bdc562cc28e4',
  '515eb02d-2335-4d2d-92f2-b1cbdf9c3778',
  '6efe6056-5259-49d2-8b3d-d3d73544b20b',
  '770fd66c-6266-4643-9d4e-b616870898d5',
  '7b127d3c-77bd-4e3e-bbe0-dbb8971fa7f8',
  '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
  'a290e904-7015-4bba-90c8-60543313cdb4',
  'acdd72a7-3385-48ef-bd42-f606fba81ae7',
  'b24988ac-6180-42a0-ab88-20f7382dd24c',
]);
const ID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;
const VERSION = /(?<=\/)[0-9a-f]{32}(?![0-9a-f])/g;
const ETAG = /(?<=")[0-9a-f]{32}(?=\\?")/g;

/** What is another one each time and never asked for again. */
const PASSING: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/(?<=^date: ).*$/gim, '<date>'],
  [/(?<=^x-ms-server-latency: )\d+$/gim, '<milliseconds>'],
  [/\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)/g, '<time>'],
  [/\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ/g, '<time>'],
  [/(?<=, due )20\d\d-\d\d-\d\d/g, '<date>'],
  [
    /(?<="(created|updated|deletedDate|scheduledPurgeDate|at|startTime|endTime|not_before|expires_on)":"?)\d{10}\b/g,
    '<time>',
  ],
  [/(?<=among the newest )\d+/g, '<count>'],
  [/(?<=\bUser |--user )\d+/g, '<uid>'],
];

export class Names {
  readonly #names: Map<string, string>;
  readonly #counts = new Map<string, number>();

  /** @param known values by their names */
  constructor(known: Readonly<Record<string, string>>) {
    this.#names = new Map(Object.entries(known).map(([name, value]) => [value, name]));
  }

  /** @throws when something in it has not been met */
  fill(text: string): string {
    let filled = text.replaceAll(/<(\d+) times (.)>/g, (_, count, character: string) =>
      character.repeat(Number(count)),
    );
    for (const [value, name] of this.#names) filled = filled.replaceAll(`<${name}>`, value);
    const unknown = /<[a-z]+(?:-[a-z]+)*-\d+>/.exec(filled)?.[0];
    if (unknown !== undefined) throw new Error(`no answer before this had ${unknown}`);
    return filled;
  }

  /** @param random members of the answer whose values are drawn */
  apply(answer: string, random: readonly string[]): string {
    const requestId = /^x-ms-request-id: (.*)$/im.exec(answer)?.[1];
    let text = requestId === undefined ? answer : answer.replaceAll(requestId, '<request>');
    for (const member of random) {
      const places = [
        `(?<="${member}":")[^"]+`,
        `(?<="${member}":)\\d+`,
        `(?<=[?&]${member}=)[^&"\\s]+`,
        `(?<=^${member}: ).+$`,
      ];
      for (const [value] of text.matchAll(new RegExp(places.join('|'), 'gm'))) this.#learn(member, value);
    }
    text = this.#replaceKnown(text);
    for (const [id] of text.matchAll(ID)) if (!isFixed(id)) this.#learn('id', id);
    for (const [version] of text.matchAll(VERSION)) this.#learn('version', version);
    for (const [etag] of text.matchAll(ETAG)) this.#learn('etag', etag);
    text = this.#replaceKnown(text);
    for (const [pattern, name] of PASSING) text = text.replaceAll(pattern, name);
    return text;
  }

  #learn(kind: string, value: string): void {
    if (this.#names.has(value) || value.startsWith('<')) return;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    this.#names.set(value, `${kind.toLowerCase().replaceAll('_', '-')}-${count}`);
  }

  #replaceKnown(text: string): string {
    const longestFirst = [...this.#names].sort(([a], [b]) => b.length - a.length);
    return longestFirst.reduce((replaced, [value, name]) => replaced.replaceAll(value, `<${name}>`), text);
  }
}

function isFixed(id: string): boolean {
  return FIXED_IDS.has(id.toLowerCase()) || /^(.)\1{7}-/.test(id);
}
