import { describeMachineGuest } from './machine-guest.ts';

describeMachineGuest('26.1');
