// The vector kernel is shipped as bytes; its text stands beside it. Both must say the same.

import { assembleWat } from '@wirestream/testing'
import { expect, it } from 'vitest'
import { kernelBytes } from '../../src/frame/mask-simd.ts'

it('the shipped bytes of the masking kernel are those of its text', async () => {
  const text = new URL('../../src/frame/mask-simd.wat', import.meta.url)
  expect([...kernelBytes()]).toEqual([...await assembleWat(text)])
})
