import type { Command } from '../command.ts';
import { next } from './ceremony/next.ts';
import { report, transferKey, verify } from './ceremony/report.ts';
import { note, start, status } from './ceremony/start.ts';

export const commands: readonly Command[] = [start, next, status, note, report, transferKey, verify];
