// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

type Price is uint128;

library Maths {
    error TooLarge(uint256 value, uint256 bound);

    function cap(uint256 value, uint256 bound) internal pure returns (uint256) {
        if (value > bound) revert TooLarge(value, bound);
        return value;
    }

    function root(uint256 a) internal pure returns (uint256 r) {
        if (a == 0) return 0;
        r = a;
        uint256 next = a / 2 + 1;
        while (next < r) {
            r = next;
            next = (a / next + next) / 2;
        }
    }
}

/// What newer compilers have: errors, try, transient storage, immutables, unchecked, user types.
contract Modern {
    using Maths for uint256;

    struct Order {
        address who;
        Price price;
        uint96 size;
        bytes note;
    }

    error Refused(address who, bytes why);

    event Filled(address indexed who, Price price, uint96 size);

    uint256 public immutable bornAt = block.timestamp;
    address public immutable self = address(this);
    uint256 public constant BOUND = 1 << 200;
    Order[] public orders;
    mapping(Price => uint256) public volume;
    bytes32 private constant LOCK = keccak256("lock");

    modifier locked() {
        bytes32 lock = LOCK;
        assembly {
            if tload(lock) { revert(0, 0) }
            tstore(lock, 1)
        }
        _;
        assembly {
            tstore(lock, 0)
        }
    }

    function place(Price price, uint96 size, bytes calldata note) external locked {
        orders.push(Order(msg.sender, price, size, note));
        for (uint256 i = orders.length - 1; i > 0; i--) {
            if (Price.unwrap(orders[i].price) >= Price.unwrap(orders[i - 1].price)) break;
            Order memory upper = orders[i];
            orders[i] = orders[i - 1];
            orders[i - 1] = upper;
        }
        if (orders.length > 12) orders.pop();
    }

    function fill(uint256 budget) external locked returns (uint256 spent) {
        budget = budget.cap(BOUND);
        while (orders.length > 0) {
            Order storage last = orders[orders.length - 1];
            uint256 cost = uint256(Price.unwrap(last.price)) * last.size;
            if (spent + cost > budget) break;
            spent += cost;
            volume[last.price] += last.size;
            emit Filled(last.who, last.price, last.size);
            orders.pop();
        }
    }

    function tried(address to, bytes calldata data) external returns (uint256 kind) {
        try this.through(to, data) returns (bytes memory answer) {
            return answer.length;
        } catch Error(string memory reason) {
            return bytes(reason).length + 1000;
        } catch Panic(uint256 code) {
            return code + 2000;
        } catch (bytes memory low) {
            return low.length + 3000;
        }
    }

    function through(address to, bytes calldata data) external locked returns (bytes memory) {
        (bool isDone, bytes memory answer) = to.delegatecall(data);
        if (!isDone) revert Refused(to, answer);
        return answer;
    }

    function panics(uint256 kind, uint256 a, uint256[] calldata list) external pure returns (uint256) {
        kind = kind % 6;
        if (kind == 0) return a + list.length * type(uint256).max;
        if (kind == 1) return list[a % (list.length + 1)];
        if (kind == 2) return a / (list.length % 3);
        if (kind == 3) assert(a % 2 == 0);
        if (kind == 4) return uint256(uint8(a.cap(300)));
        unchecked {
            return a * a - list.length;
        }
    }

    function roots(uint256[] calldata given) external pure returns (uint256[] memory out) {
        out = new uint256[](given.length);
        for (uint256 i = 0; i < given.length; i++) out[i] = given[i].root();
    }

    function proof(bytes32[] calldata siblings, bytes32 leaf) external pure returns (bytes32 hash) {
        hash = leaf;
        for (uint256 i = 0; i < siblings.length; i++) {
            hash = hash < siblings[i]
                ? keccak256(abi.encodePacked(hash, siblings[i]))
                : keccak256(abi.encodePacked(siblings[i], hash));
        }
    }

    function signer(bytes32 hash, uint8 v, bytes32 r, bytes32 s) external view returns (address) {
        (bool isDone, bytes memory sha) = address(2).staticcall(abi.encode(hash));
        require(isDone && sha.length == 32);
        return ecrecover(hash, v, r, s);
    }

    function context() external payable returns (bytes32 hash) {
        hash = keccak256(abi.encode(block.number, block.timestamp, block.chainid, block.basefee));
        hash = keccak256(abi.encode(hash, block.prevrandao, block.coinbase, block.gaslimit));
        hash = keccak256(abi.encode(hash, gasleft(), tx.gasprice, tx.origin, msg.value, bornAt));
        bytes32 before = blockhash(block.number - 1);
        hash = keccak256(abi.encode(hash, address(this).balance, self, before, msg.data));
    }

    function pay(address payable to, uint256 amount) external payable {
        (bool isDone, ) = to.call{value: amount & 0xffff, gas: 50000}("");
        require(isDone, "not paid");
    }

    fallback(bytes calldata data) external payable returns (bytes memory) {
        return bytes.concat(data, msg.sig);
    }

    receive() external payable {}
}
