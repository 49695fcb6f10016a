// SPDX-License-Identifier: MIT
pragma solidity >=0.5.0;
pragma experimental ABIEncoderV2;

/// What the language has since 0.5; three words of it are put in older ones for that compiler.
contract Child {
    address public maker;
    uint256 public number;

    constructor(uint256 given) payable {
        maker = msg.sender;
        number = given;
    }

    function double(uint256 by) external returns (uint256) {
        number = number * by;
        return number;
    }
}

contract Language {
    struct Item {
        uint64 id;
        int128 weight;
        bool isSet;
        string name;
        uint256[] parts;
    }

    enum Mood { Calm, Glad, Cross }

    event Noted(address indexed who, bytes32 indexed key, string name, uint256[] parts);
    event Mixed(int256 a, uint8 b, Mood mood);

    mapping(bytes32 => Item) private items;
    mapping(address => mapping(uint256 => uint256)) public grid;
    uint256[] public list;
    uint8[] public small;
    bytes public blob;
    string public text;
    Mood public mood;
    uint128 private low;
    uint128 private high;
    Child[] public children;

    modifier once(uint256 number) {
        require(grid[msg.sender][number] == 0, "twice");
        _;
        grid[msg.sender][number] += 1;
    }

    function note(bytes32 key, string calldata name, uint256[] calldata parts, int128 weight)
        external
        returns (uint256 sum)
    {
        Item storage item = items[key];
        item.id += 1;
        item.weight = weight;
        item.isSet = !item.isSet;
        item.name = name;
        for (uint256 i = 0; i < parts.length; i++) {
            item.parts.push(parts[i] ^ i);
            sum ^= parts[i] << (i % 17);
        }
        emit Noted(msg.sender, key, name, parts);
    }

    function itemOf(bytes32 key) external view returns (Item memory) {
        return items[key];
    }

    function arithmetic(uint256 a, uint256 b, uint256 n, int256 c)
        external
        pure
        returns (uint256[8] memory r, int256[6] memory s)
    {
        r[0] = a & b;
        r[1] = a | ~b;
        r[2] = addmod(a, b, n | 1);
        r[3] = mulmod(a, b, n | 1);
        r[4] = a / (b | 1);
        r[5] = a % (b | 1);
        r[6] = (a >> (b & 255)) ^ (a << (n & 255));
        r[7] = (a & 7) ** (b & 31);
        s[0] = c / int256((n & 1023) | 1);
        s[1] = c % int256((n & 1023) | 1);
        s[2] = c >> (n & 255);
        s[3] = int256(int8(c));
        s[4] = -(c >> 1);
        s[5] = c < 0 ? int256(a >> 1) : c;
    }

    function sorted(uint256[] memory given) public pure returns (uint256[] memory) {
        quick(given, 0, given.length);
        return given;
    }

    function quick(uint256[] memory a, uint256 from, uint256 to) private pure {
        if (to - from < 2) return;
        uint256 pivot = a[from];
        uint256 at = from;
        for (uint256 i = from + 1; i < to; i++) {
            if (a[i] >= pivot) continue;
            at++;
            (a[i], a[at]) = (a[at], a[i]);
        }
        (a[from], a[at]) = (a[at], a[from]);
        quick(a, from, at);
        quick(a, at + 1, to);
    }

    function plus(uint256 a, uint256 b) private pure returns (uint256) {
        return a + b;
    }

    function times(uint256 a, uint256 b) private pure returns (uint256) {
        return a * b;
    }

    /// Through an internal function pointer: a jump that no compiler sees.
    function chosen(bool isTimes, uint256 a, uint256 b) external pure returns (uint256) {
        function(uint256, uint256) pure returns (uint256) f = isTimes ? times : plus;
        return f(f(a & 65535, b & 65535), 3);
    }

    function fib(uint256 n) public pure returns (uint256) {
        return n < 2 ? n : fib(n - 1) + fib(n - 2);
    }

    function fibOf(uint8 n) external view returns (uint256) {
        return this.fib(uint256(n) % 12);
    }

    function primes(uint256 bound) external returns (uint256 count) {
        bound = bound % 200;
        bool[] memory isComposite = new bool[](bound + 1);
        delete list;
        for (uint256 i = 2; i <= bound; i++) {
            if (isComposite[i]) continue;
            list.push(i);
            count++;
            for (uint256 j = i * i; j <= bound; j += i) isComposite[j] = true;
        }
    }

    function pack(uint8[] calldata bytesOf, uint128 a, uint128 b) external once(a) {
        for (uint256 i = 0; i < bytesOf.length; i++) small.push(bytesOf[i]);
        if (small.length > 40) delete small;
        (low, high) = (high ^ a, low | b);
    }

    function join(string calldata a, bytes calldata b) external returns (bytes32) {
        blob = abi.encodePacked(blob, b, uint16(b.length));
        if (blob.length > 300) delete blob;
        text = string(abi.encodePacked(a, "/", text));
        if (bytes(text).length > 200) text = a;
        return keccak256(abi.encode(text, blob, low, high));
    }

    function feel(int256 a, uint8 b) external {
        mood = Mood(b % 3);
        emit Mixed(a, b, mood);
    }

    function make(uint256 number) external payable returns (address) {
        Child child = new Child{value: 0}(number);
        children.push(child);
        child.double(2);
        return address(child);
    }

    function send(address payable to, uint256 amount, bytes calldata data)
        external
        payable
        returns (bool isDone, bytes memory answer)
    {
        (isDone, answer) = to.call{value: amount}(data);
        require(isDone || answer.length < 100, "long refusal");
    }

    function scan(bytes calldata data) external pure returns (uint256 ones, bytes32 hash) {
        for (uint256 i = 0; i < data.length; i++) {
            uint8 b = uint8(data[i]);
            while (b != 0) {
                b &= b - 1;
                ones++;
            }
        }
        assembly {
            let m := mload(64)
            calldatacopy(m, 4, sub(calldatasize(), 4))
            hash := keccak256(m, sub(calldatasize(), 4))
        }
    }

    function decode(bytes calldata data) external pure returns (uint256 a, address b, string memory c) {
        (a, b, c) = abi.decode(data, (uint256, address, string));
    }

    fallback() external payable {
        grid[msg.sender][0] += msg.value;
    }
}
