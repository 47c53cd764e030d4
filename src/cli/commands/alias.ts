import type { Command } from '../command.ts';
import { list as listAliases } from './alias/list.ts';
import { remove as removeAlias } from './alias/remove.ts';
import { set as setAlias } from './alias/set.ts';

export const commands: readonly Command[] = [setAlias, listAliases, removeAlias];
