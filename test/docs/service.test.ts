// The pages about the service, who may do what with it, and its first hour, as their readers follow them.
import { skipUnless } from '../system-programs.ts';
import { followGroup } from './groups.ts';

followGroup('service', skipUnless('az'));
