// What can go wrong, how often among a thousand, and what it excuses. Most are cheap, because the number of faults decides and not the
// time: what ends a process costs its start.

/** How a repeatable operation may fail while this is so; what is not named here, clients do not notice. */
export type Excuse =
  /** Nothing can be recorded or read: answered so. */
  | '503'
  /** The worker that had the connection ended. */
  | 'cut'
  /** By a calendar that is wrong by hours no token is valid; who has none is limited in refusals. */
  | '401'
  | '429';

interface Kind {
  readonly perThousand: number;
  readonly excuses: readonly Excuse[];
  /** The whole product is started again: nothing else goes wrong meanwhile. */
  readonly alone?: true;
}

export const kinds = {
  'partition stopped': { perThousand: 250, excuses: [] },
  'worker stopped': { perThousand: 120, excuses: [] },
  'recorder stopped': { perThousand: 145, excuses: [] },
  'control or supervisor stopped': { perThousand: 20, excuses: [] },
  'slow sync': { perThousand: 150, excuses: [] },
  'failing sync': { perThousand: 60, excuses: ['503'] },
  'failing write': { perThousand: 40, excuses: ['503'] },
  'full disk': { perThousand: 60, excuses: ['503'] },
  'read-only disk': { perThousand: 30, excuses: ['503'] },
  'no descriptors': { perThousand: 25, excuses: ['503', 'cut'] },
  'clock moved by minutes': { perThousand: 40, excuses: [] },
  'clock moved by days': { perThousand: 6, excuses: ['401', '429', '503'] },
  'partition killed': { perThousand: 20, excuses: [] },
  'partition answers garbage': { perThousand: 10, excuses: [] },
  'partition answers nothing': { perThousand: 6, excuses: [] },
  'partition stuck': { perThousand: 0.5, excuses: [] },
  'recorder killed': { perThousand: 6, excuses: ['503'] },
  'recorder stuck': { perThousand: 2, excuses: ['503'] },
  'worker killed': { perThousand: 5, excuses: ['503', 'cut'] },
  'control killed': { perThousand: 3, excuses: [] },
  'supervisor killed': { perThousand: 0.7, excuses: ['503', 'cut'], alone: true },
  'all killed': { perThousand: 0.7, excuses: ['503', 'cut'], alone: true },
  'older store put back': { perThousand: 0.6, excuses: ['503', 'cut'], alone: true },
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;

export const kindNames = Object.keys(kinds) as readonly KindName[];

/** How many of each there are among so many: at least one. */
export function shareOf(kind: KindName, faults: number): number {
  return Math.max(1, Math.round((kinds[kind].perThousand * faults) / 1000));
}
