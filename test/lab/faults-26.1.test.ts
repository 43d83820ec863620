import { describeFaults } from './faults.ts';

describeFaults('26.1');
