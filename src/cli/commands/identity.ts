import type { Command } from '../command.ts';
import { bind as bindIdentity } from './identity/bind.ts';
import { list as listIdentities } from './identity/list.ts';
import { remove as removeIdentity } from './identity/remove.ts';

export const commands: readonly Command[] = [bindIdentity, listIdentities, removeIdentity];
