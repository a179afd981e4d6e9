// Moves cards: by dragging, from a card's menu, by keyboard.

function startMoves(root, held) {}
