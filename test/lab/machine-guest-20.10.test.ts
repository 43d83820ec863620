import { describeMachineGuest } from './machine-guest.ts';

describeMachineGuest('20.10');
