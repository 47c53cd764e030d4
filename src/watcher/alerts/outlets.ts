// The kinds of outlets there are, opened as a configuration has them.
import type { AlertSettings, OutletSettings } from '../../deployment/alert-settings.ts';
import { ShapeError } from '../../formats/shape.ts';
import type { NamedOutlet, Outlet, OutletSurroundings } from './outlet.ts';
import { smtp } from './smtp.ts';
import { syslog } from './syslog.ts';
import { webhook } from './webhook.ts';

/** Connects to nothing yet. @throws ShapeError naming the outlet and what of it cannot be used */
export function openOutlets({ outlets }: AlertSettings, surroundings: OutletSurroundings): readonly NamedOutlet[] {
  const readFile: OutletSurroundings['readFile'] = (path, member, holding) => {
    try {
      return surroundings.readFile(path, member);
    } catch (cause) {
      const fix = `name a file that this user can read${holding === undefined ? '' : `; it must have ${holding}`}`;
      throw new ShapeError(`${member}: ${(cause as Error).message}; ${fix}`, { cause });
    }
  };
  return outlets.map((settings, at) => {
    try {
      const outlet = open(settings, { ...surroundings, readFile });
      const { name, least, mostPerHour = 60 } = settings;
      return { ...outlet, name, least, mostPerHour };
    } catch (cause) {
      throw new ShapeError(`alerts.outlets[${at}] (${settings.name}): ${(cause as Error).message}`, { cause });
    }
  });
}

function open(settings: OutletSettings, surroundings: OutletSurroundings): Outlet {
  switch (settings.kind) {
    case 'webhook':
      return webhook(settings, surroundings);
    case 'smtp':
      return smtp(settings, surroundings);
    case 'syslog':
      return syslog(settings, surroundings);
  }
}
