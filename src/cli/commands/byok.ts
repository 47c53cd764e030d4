import type { Command } from '../command.ts';
import { check as checkTransfer } from './byok/check.ts';
import { wrap } from './byok/wrap.ts';

export const commands: readonly Command[] = [wrap, checkTransfer];
