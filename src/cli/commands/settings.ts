import type { Command } from '../command.ts';
import { list as listSettings } from './settings/list.ts';

export const commands: readonly Command[] = [listSettings];
