import type { Command } from '../command.ts';
import { checkpoint } from './audit/checkpoint.ts';
import { show } from './audit/show.ts';
import { verify } from './audit/verify.ts';

export const commands: readonly Command[] = [verify, show, checkpoint];
