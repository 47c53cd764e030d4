import type { Command } from '../command.ts';
import { apply as applyNetwork } from './network/apply.ts';
import { confirm } from './network/confirm.ts';
import { plan } from './network/plan.ts';
import { revert } from './network/revert.ts';

export const commands: readonly Command[] = [plan, applyNetwork, confirm, revert];
