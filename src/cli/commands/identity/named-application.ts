// An application of the development directory that signs itself in, by its name.
import type { Application, Directory } from '../../../control/directory/directory.ts';
import { CommandError } from '../../command.ts';

/** By display name or client id. @throws CommandError listing those there are */
export function applicationNamed({ applications }: Directory, name: string): Application {
  const confidential = applications.filter(({ redirectUris }) => redirectUris === undefined);
  const found = confidential.filter(({ appId, displayName }) => displayName === name || appId === name.toLowerCase());
  const [one, another] = found;
  if (one !== undefined && another === undefined) return one;
  const all = confidential.map(({ displayName, appId }) => `${displayName} (${appId})`).join(', ');
  throw new CommandError(`'${name.slice(0, 128)}' is not one application of the directory; there are: ${all}`);
}
