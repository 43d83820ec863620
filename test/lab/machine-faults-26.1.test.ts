import { describeMachineFaults } from './machine-faults.ts';

describeMachineFaults('26.1');
