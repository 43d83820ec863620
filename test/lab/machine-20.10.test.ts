import { describeMachine } from './machine.ts';

describeMachine('20.10');
