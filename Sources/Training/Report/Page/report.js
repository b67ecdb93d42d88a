'use strict';

// Without this script each comparison stays at its middle.

for (const input of document.querySelectorAll('.compare input')) {
  const slider = /** @type {HTMLInputElement} */ (input);
  const stage = /** @type {HTMLElement | null} */ (slider.closest('.compare')?.querySelector('.stage') ?? null);
  if (!stage) continue;
  const move = () => {
    stage.style.setProperty('--cut', `${slider.value}%`);
    slider.setAttribute('aria-valuetext', `${slider.value} % of the original`);
  };
  slider.addEventListener('input', move);
  stage.addEventListener('pointermove', (event) => {
    if (event.pointerType === 'touch' && event.buttons === 0) return;
    const box = stage.getBoundingClientRect();
    slider.value = String(Math.round((100 * (event.clientX - box.left)) / box.width));
    move();
  });
  move();
}
