import type { Command } from '../command.ts';
import { file as fileRehearsal } from './rehearse/file.ts';
import { prepare } from './rehearse/prepare.ts';
import { rehearse } from './rehearse/rehearse.ts';
import { rehearsalStatus } from './rehearse/status.ts';
import { verifyRecord } from './rehearse/verify.ts';

export const commands: readonly Command[] = [rehearse, prepare, rehearsalStatus, verifyRecord, fileRehearsal];
