// Package fence gives tests memory that ends where it says: for assembly, of
// which the race detector and bounds checks see nothing. It has nothing on
// systems where the memory's protection is set in another way.
package fence
