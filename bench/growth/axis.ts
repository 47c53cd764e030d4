// What is measured against what: one axis for each thing that an installation may have many of.
import type { Environment } from '../machine/environment.ts';
import type { ScaleKind } from './scale.ts';

/** What was found with so many of them. */
export interface GrowthPoint {
  readonly size: number;
  readonly figures: Readonly<Record<string, number>>;
  /** Share of the cores that went elsewhere. */
  readonly disturbance: { readonly foreign: number; readonly stolen: number };
}

export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly scale: ScaleKind;
  /** Name of the figure, and what it is called beside its line. */
  readonly lines: Readonly<Record<string, string>>;
}

export interface Axis {
  readonly name: string;
  /** What there are more and more of, under the axis. */
  readonly along: string;
  readonly scale: ScaleKind;
  readonly sizes: readonly number[];
  /** What `--sizes` may ask for. */
  readonly least: number;
  readonly most: number;
  /** What is not measured as it would be, or not at all: it stands in the chart. */
  readonly remark: string;
  readonly panels: readonly Panel[];
  /** What is seen, in a sentence. @param times how much a figure is at the last size of that at the first */
  title(times: (figure: string) => string, first: string, last: string): string;
  /** @param sizes ascending */
  measure(sizes: readonly number[], progress: (text: string) => void): Promise<readonly GrowthPoint[]>;
}

/** As written beside its chart. */
export interface GrowthResults {
  readonly axis: string;
  readonly environment: Environment;
  readonly points: readonly GrowthPoint[];
}
