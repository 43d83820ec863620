import { describeFaults } from './faults.ts';

describeFaults('28.5');
