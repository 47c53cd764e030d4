import type { Command } from '../command.ts';
import { approve } from './approval/approve.ts';
import { list as listApprovals } from './approval/list.ts';
import { reject } from './approval/reject.ts';
import { show as showApproval } from './approval/show.ts';
import { withdraw } from './approval/withdraw.ts';

export const commands: readonly Command[] = [listApprovals, showApproval, approve, reject, withdraw];
