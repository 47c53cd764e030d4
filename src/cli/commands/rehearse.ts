import type { Command } from '../command.ts';
import { prepare } from './rehearse/prepare.ts';
import { file, rehearsalStatus, verifyRecord } from './rehearse/records.ts';
import { rehearse } from './rehearse/rehearse.ts';

export const commands: readonly Command[] = [rehearse, prepare, rehearsalStatus, verifyRecord, file];
