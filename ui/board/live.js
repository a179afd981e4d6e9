// Follows the push: patches what changed into the board that stands.

function follow(root, held, data) {}
