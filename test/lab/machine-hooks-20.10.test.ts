import { describeMachineHooks } from './machine-hooks.ts';

describeMachineHooks('20.10');
