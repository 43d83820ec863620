import { describe, expect, test } from 'vitest';
import { engineEvents, eventFolder, eventFolders } from '../../src/hooks/engine-events.ts';
import { hintForEvent, hintForFolder } from '../../src/hooks/event-hints.ts';

describe('the folder that was meant', () => {
  test.each([
    ['on_container_stopped', ['on_container_die', 'on_container_stop']],
    ['on_container_exit', ['on_container_die']],
    ['on_container_crashed', ['on_container_die']],
    ['on_container_remove', ['on_container_destroy']],
    ['on_containers_removed', ['on_container_destroy']],
    ['on_container_rm', ['on_container_destroy']],
    ['on_container_delete', ['on_container_destroy']],
    ['on_image_remove', ['on_image_delete']],
    ['on_network_delete', ['on_network_destroy', 'on_network_remove']],
    ['on_network_leave', ['on_network_disconnect']],
    ['on_secret_delete', ['on_secret_remove']],
    ['on_container_unhealthy', ['on_container_health_status']],
    ['on_container_copy', ['on_container_archive_path', 'on_container_extract_to_dir']],
    ['on_container_archive-path', ['on_container_archive_path']],
    ['on_plugin_install', ['on_plugin_pull', 'on_plugin_enable']],
    ['on_container_strat', ['on_container_start']],
    ['on_started', ['on_start']],
    ['on_something_else', []],
    ['on_container', ['on_container_any']],
    ['on_containers', ['on_container_any']],
    ['on_network_all', ['on_network_any']],
    ['on_all', ['on_any']],
    ['on_events', ['on_any']],
    ['on_constructor_start', ['on_container_start']],
    ['on_container_constructor', []],
  ])('%s', (folder, meant) => {
    const { near, also = [] } = hintForFolder(folder);
    expect(near === undefined ? [] : [near, ...also]).toEqual(meant);
  });

  test('an event’s word has the same hint', () => {
    expect(hintForEvent('container_exit')).toEqual({ near: 'container_die' });
    expect(hintForEvent('container_copy')).toEqual({
      near: 'container_archive_path',
      also: ['container_extract_to_dir'],
    });
  });

  test('each hint for a word is a folder that there is', () => {
    for (const type of Object.keys(engineEvents)) {
      for (const word of [
        'copy',
        'crash',
        'stopped',
        'remove',
        'delete',
        'new',
        'started',
        'install',
        'attach',
      ]) {
        const { near, also = [] } = hintForFolder(`on_${type}_${word}`);
        for (const folder of near === undefined ? [] : [near, ...also]) {
          expect(['on_start', 'on_stop', ...eventFolders.keys()]).toContain(folder);
        }
      }
    }
  });
});

test('no two events share a folder, and a folder’s name has no dash', () => {
  const all = Object.entries(engineEvents).flatMap(([type, actions]) =>
    actions.map((action) => eventFolder({ type, action })),
  );
  expect(new Set(all).size).toBe(all.length);
  expect(all.filter((folder) => !/^on_[a-z]+(_[a-z]+)+$/.test(folder))).toEqual([]);
});
