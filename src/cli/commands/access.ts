import type { Command } from '../command.ts';
import { check as checkAccess } from './access/check.ts';
import { explain } from './access/explain.ts';

export const commands: readonly Command[] = [explain, checkAccess];
