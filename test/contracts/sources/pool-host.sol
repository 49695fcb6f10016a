// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

interface IToken {
    function transfer(address to, uint256 amount) external returns (bool);
}

interface IPool {
    function initialize(uint160 price) external;
    function mint(address to, int24 low, int24 high, uint128 amount, bytes calldata data)
        external returns (uint256, uint256);
    function swap(address to, bool isDown, int256 amount, uint160 limit, bytes calldata data)
        external returns (int256, int256);
    function burn(int24 low, int24 high, uint128 amount) external returns (uint256, uint256);
    function collect(address to, int24 low, int24 high, uint128 amount0, uint128 amount1)
        external returns (uint128, uint128);
    function flash(address to, uint256 amount0, uint256 amount1, bytes calldata data) external;
}

/// Deploys a Uniswap V3 pool as its factory would, whatever compiled it, and pays what it asks for.
contract PoolHost {
    struct Parameters {
        address factory;
        address token0;
        address token1;
        uint24 fee;
        int24 tickSpacing;
    }

    Parameters public parameters;
    address public owner = msg.sender;
    IPool public pool;

    event Created(address pool);

    function create(bytes memory code, address token0, address token1, uint24 fee, int24 spacing)
        external
        returns (address made)
    {
        parameters = Parameters(address(this), token0, token1, fee, spacing);
        assembly {
            made := create(0, add(code, 32), mload(code))
        }
        require(made != address(0), "not made");
        pool = IPool(made);
        emit Created(made);
    }

    /// One that its factory has made.
    function adopt(address made, address token0, address token1) external {
        parameters = Parameters(address(this), token0, token1, 0, 0);
        pool = IPool(made);
    }

    function initialize(uint160 price) external {
        pool.initialize(price);
    }

    function mint(int24 low, int24 high, uint128 amount) external returns (uint256, uint256) {
        return pool.mint(address(this), low, high, amount, "");
    }

    function swap(bool isDown, int256 amount, uint160 limit) external returns (int256, int256) {
        return pool.swap(msg.sender, isDown, amount, limit, "");
    }

    function burn(int24 low, int24 high, uint128 amount) external returns (uint256, uint256) {
        return pool.burn(low, high, amount);
    }

    function collect(int24 low, int24 high) external returns (uint128, uint128) {
        return pool.collect(msg.sender, low, high, type(uint128).max, type(uint128).max);
    }

    function flash(uint256 amount0, uint256 amount1) external {
        pool.flash(address(this), amount0, amount1, abi.encode(amount0, amount1));
    }

    function uniswapV3MintCallback(uint256 owed0, uint256 owed1, bytes calldata) external {
        pay(parameters.token0, owed0);
        pay(parameters.token1, owed1);
    }

    function uniswapV3SwapCallback(int256 owed0, int256 owed1, bytes calldata) external {
        if (owed0 > 0) pay(parameters.token0, uint256(owed0));
        if (owed1 > 0) pay(parameters.token1, uint256(owed1));
    }

    function uniswapV3FlashCallback(uint256 fee0, uint256 fee1, bytes calldata data) external {
        (uint256 amount0, uint256 amount1) = abi.decode(data, (uint256, uint256));
        pay(parameters.token0, amount0 + fee0);
        pay(parameters.token1, amount1 + fee1);
    }

    function pay(address token, uint256 amount) private {
        if (amount > 0) IToken(token).transfer(msg.sender, amount);
    }
}
