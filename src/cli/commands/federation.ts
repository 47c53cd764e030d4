import type { Command } from '../command.ts';
import { add as addFederation } from './federation/add.ts';
import { list as listFederation } from './federation/list.ts';
import { remove as removeFederation } from './federation/remove.ts';

export const commands: readonly Command[] = [addFederation, listFederation, removeFederation];
