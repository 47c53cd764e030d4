import { engineContract } from '../engine.contract.ts';
import { loadLibcrypto } from './libcrypto.ts';
import { softwareEngine } from './software-engine.ts';

engineContract("the system's libcrypto", () => softwareEngine(loadLibcrypto()));
engineContract("node's own OpenSSL", () => softwareEngine(loadLibcrypto([])));
