import { describeMachine } from './machine.ts';

describeMachine('26.1');
