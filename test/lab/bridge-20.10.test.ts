import { describeBridge } from './bridge.ts';

describeBridge('20.10');
