import type { Command } from '../command.ts';
import { accept as acceptInstance } from './instance/accept.ts';
import { start as startInstance } from './instance/start.ts';
import { stop as stopInstance } from './instance/stop.ts';

export const commands: readonly Command[] = [startInstance, stopInstance, acceptInstance];
