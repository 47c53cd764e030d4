import type { Command } from '../command.ts';
import { next } from './ceremony/next.ts';
import { report, transferKey } from './ceremony/report.ts';
import { note, start, status } from './ceremony/start.ts';
import { verify } from './ceremony/verify.ts';

export const commands: readonly Command[] = [start, next, status, note, report, transferKey, verify];
