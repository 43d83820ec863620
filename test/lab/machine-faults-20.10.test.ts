import { describeMachineFaults } from './machine-faults.ts';

describeMachineFaults('20.10');
