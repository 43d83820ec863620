import { describeMachineHooks } from './machine-hooks.ts';

describeMachineHooks('26.1');
