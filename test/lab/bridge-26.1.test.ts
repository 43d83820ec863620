import { describeBridge } from './bridge.ts';

describeBridge('26.1');
