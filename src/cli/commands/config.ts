import type { Command } from '../command.ts';
import { check as checkConfig } from './config/check.ts';

export const commands: readonly Command[] = [checkConfig];
