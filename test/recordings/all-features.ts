// Every scenario of the folder against an instance and a product of their own, feature by feature.
import { featuresOfFolder, scenariosOf } from './exchanges.ts';
import { whyLeftOut } from './left-out.ts';
import { type Place, startInstancePlace, startProductPlace } from './places.ts';
import { type Replayed, replay } from './replay.ts';
import { asNewest, newestOf } from './superseded.ts';

export interface Features extends AsyncDisposable {
  /** Scenarios follow each other: what they make has names of its own, and their lists allow for what others left. */
  replay(feature: string): Promise<readonly Replayed[]>;
}

export async function openFeatures(): Promise<Features> {
  await using opened = new AsyncDisposableStack();
  const [instance, product] = await Promise.all([startInstancePlace(), startProductPlace()]);
  opened.use(instance);
  opened.use(product);
  const newest = newestOf(
    featuresOfFolder()
      .flatMap(scenariosOf)
      .flatMap(({ exchanges }) => exchanges),
  );
  const placeOf = (feature: string): Place => (feature.startsWith('arm-') ? product : instance);
  const all = opened.move();
  return {
    async replay(feature) {
      const replayed: Replayed[] = [];
      for (const scenario of scenariosOf(feature)) {
        const outcome = await replay(asNewest(scenario, newest), placeOf(feature), ({ scenario: name, step }) =>
          whyLeftOut.has(`${name} ${step}`),
        );
        replayed.push(...outcome);
      }
      return replayed;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
