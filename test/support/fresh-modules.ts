import { vi } from 'vitest';

// The workers are shared by the test files, because a process for each file costs a second of processor time. Each file
// evaluates its modules anew, so that it finds none of another file's state, and measures the pace itself.
vi.resetModules();
